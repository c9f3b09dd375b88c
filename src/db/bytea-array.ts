/**
 * Octet strings as one parameter `$n::bytea[]`, in the binary form that PostgreSQL reads as it is: in its text form they
 * would be hexadecimal, twice as long and read digit by digit.
 */
export function byteaArray(values: readonly Buffer[]): Buffer {
  // Dimensions, no nulls, the type of the elements; of the one dimension how many there are, and the first index.
  const header = [1, 0, BYTEA, values.length, 1];
  const lengths = LENGTH * (header.length + values.length);
  const array = Buffer.allocUnsafe(values.reduce((octets, value) => octets + value.length, lengths));
  let end = 0;
  for (const field of header) end = array.writeInt32BE(field, end);
  for (const value of values) {
    end = array.writeInt32BE(value.length, end);
    end += value.copy(array, end);
  }
  return array;
}

/** Octets of a number. */
const LENGTH = 4;
/** As `pg_type` numbers it, in every version. */
const BYTEA = 17;
