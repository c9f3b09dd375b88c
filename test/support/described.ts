/** What is looked at of a schema in the OpenAPI document. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

export type Schemas = Readonly<Record<string, Schema>>;

/** A schema without references and parts: what stands in them is its own. */
export function wholeOf(schema: Schema, schemas: Schemas): Schema {
  const { $ref, allOf = [] } = schema;
  if ($ref !== undefined) return wholeOf(schemas[$ref.split('/').at(-1) ?? ''] ?? {}, schemas);
  const parts = allOf.map((one) => wholeOf(one, schemas));
  const properties: Schemas = Object.fromEntries(
    [...parts, schema].flatMap((one) => Object.entries(one.properties ?? {})),
  );
  const required = [...parts, schema].flatMap((one) => one.required ?? []);
  return [...parts, schema].reduce((whole, one) => ({ ...whole, ...one, properties, required }), {});
}

/** Where a value is not as its schema says: another type, a member that is missing, or one that nothing is said of. */
export function notAsDescribed(value: unknown, schema: Schema, schemas: Schemas, at = ''): string[] {
  const {
    type,
    enum: words,
    anyOf,
    properties = {},
    required,
    additionalProperties,
    items,
  } = wholeOf(schema, schemas);
  if (anyOf !== undefined) {
    const faults = anyOf.map((one) => notAsDescribed(value, one, schemas, at));
    return faults.some((one) => one.length === 0) ? [] : (faults[0] ?? []);
  }
  const types = type === undefined ? [] : [type].flat();
  if (
    types.length > 0 &&
    !types.includes(typeOf(value)) &&
    !(typeOf(value) === 'integer' && types.includes('number'))
  )
    return [`${at} is ${typeOf(value)}`];
  if (words !== undefined && !words.includes(value)) return [`${at} is ${String(value)}`];
  if (Array.isArray(value))
    return value.flatMap((one) => notAsDescribed(one, items ?? {}, schemas, `${at}[]`));
  if (typeof value !== 'object' || value === null) return [];
  return [
    ...(required ?? []).filter((name) => !(name in value)).map((name) => `${at}.${name} is missing`),
    ...Object.entries(value).flatMap(([name, member]) => {
      const known = properties[name];
      if (known !== undefined) return notAsDescribed(member, known, schemas, `${at}.${name}`);
      if (typeof additionalProperties === 'object')
        return notAsDescribed(member, additionalProperties, schemas, `${at}.${name}`);
      return Object.keys(properties).length === 0 ? [] : [`${at}.${name} is not described`];
    }),
  ];
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
