/**
 * What PostgreSQL says of its own end in an answer of its protocol: an ErrorResponse of the severity PANIC, as when there is no room
 * for its log. A server starts again after it; the embedded engine would be asked in vain, and for ever.
 * @param answer  whole messages, one after the other
 * @returns its message; `undefined` when it goes on
 */
export function panicIn(answer: Uint8Array): string | undefined {
  const octets = Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength);
  // Hardly any answer has these octets, and a row may have them, too.
  if (!octets.includes(PANIC)) return undefined;
  for (let place = 0; place + HEADER <= octets.length; place += 1 + octets.readUInt32BE(place + 1)) {
    if (octets[place] !== ERROR_RESPONSE) continue;
    const end = place + 1 + octets.readUInt32BE(place + 1);
    const fields = octets.toString('utf8', place + HEADER, end).split('\0');
    if (fields.includes('VPANIC')) return fields.find((one) => one.startsWith('M'))?.slice(1) ?? '';
  }
  return undefined;
}

const PANIC = 'VPANIC\0';
const ERROR_RESPONSE = 'E'.charCodeAt(0);
/** Octets: the type of a message, and its length without that. */
const HEADER = 5;
