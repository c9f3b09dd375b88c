/** Whether a text is a UUID as the service and its database write one: lower-case, with hyphens. */
export const isUuid = (text: string): boolean =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);

/** The UUID of nothing. @see RFC 9562, 5.9 */
export const NIL_UUID = '00000000-0000-0000-0000-000000000000';
