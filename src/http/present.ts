/** A value without its members that are `undefined`. */
export type Present<T> = T & { [Key in keyof T]: Exclude<T[Key], undefined> };

/** Without the members that are `undefined`: absent is absent. */
export function present<T extends object>(value: T): Present<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Present<T>;
}
