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
  const { anyOf, properties = {}, required, additionalProperties, items } = wholeOf(schema, schemas);
  if (anyOf !== undefined) {
    const faults = anyOf.map((one) => notAsDescribed(value, one, schemas, at));
    return faults.some((one) => one.length === 0) ? [] : (faults[0] ?? []);
  }
  const wrong = partsOf(schema, schemas).flatMap((one) => notOfKind(value, one));
  if (wrong.length > 0) return wrong.map((what) => `${at} ${what}`);
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

/** All that a value has to be at once. */
function partsOf({ $ref, ...schema }: Schema, schemas: Schemas): Schema[] {
  if ($ref !== undefined) return partsOf(schemas[$ref.split('/').at(-1) ?? ''] ?? {}, schemas);
  return [schema, ...(schema.allOf ?? []).flatMap((one) => partsOf(one, schemas))];
}

function notOfKind(value: unknown, { type, enum: words }: Schema): string[] {
  const types = type === undefined ? [] : [type].flat();
  const is = typeOf(value);
  const fits = types.length === 0 || types.includes(is) || (is === 'integer' && types.includes('number'));
  return fits && (words?.includes(value) ?? true) ? [] : [`is ${fits ? String(value) : is}`];
}

/** Members of which one part of their schema says that they may be null, and another that they may not. */
export const neverNull = (schema: Schema, schemas: Schemas): string[] =>
  Object.entries(wholeOf(schema, schemas).properties ?? {}).flatMap(([name, member]) => {
    const types = partsOf(member, schemas).flatMap(({ type }) => (type === undefined ? [] : [[type].flat()]));
    const may = types.filter((one) => one.includes('null'));
    return may.length > 0 && may.length < types.length ? [name] : [];
  });

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
