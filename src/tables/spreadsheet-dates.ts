/**
 * The ISO text of a spreadsheet's date: a day number, with a fraction for the time of day, rounded to the second.
 * `undefined` for what is no date of the calendar: before 1 March 1900 the day numbers count a 29 February 1900 that
 * never was.
 * @param epoch1904  day 0 is 1 January 1904, as workbooks of old Macintoshes have it
 * @see ECMA-376, Part 1, 18.17.4
 */
export function isoDate(serial: number, epoch1904: boolean): string | undefined {
  const days = epoch1904 ? serial + DAYS_TO_1904 : serial;
  if (!(days >= FIRST_SURE_DAY && days < LAST_DAY)) return undefined;
  const instant = new Date(Math.round((days - DAYS_TO_1970) * SECONDS_OF_DAY) * 1000);
  const text = instant.toISOString();
  return Number.isInteger(serial) ? text.slice(0, 10) : text.replace('.000Z', 'Z');
}

/**
 * Whether a number format shows a date.
 * @param code  the format's own code; absent for one of the formats that every reader knows by number
 * @see ECMA-376, Part 1, 18.8.30
 */
export function showsDate(formatId: number, code: string | undefined): boolean {
  if (code === undefined) return BUILT_IN_DATES.some(([from, to]) => from <= formatId && formatId <= to);
  // What stands in quotes, brackets or after a backslash is shown as it is or is a condition.
  const letters = code.slice(0, 255).replace(/"[^"]*"|\[[^\]]*\]|\\.|_./g, '');
  return /[dmy]/i.test(letters) && !/[0#?]/.test(letters);
}

const SECONDS_OF_DAY = 86_400;
const DAYS_TO_1970 = 25_569;
const DAYS_TO_1904 = 1462;
/** 1 March 1900. */
const FIRST_SURE_DAY = 61;
/** 1 January 10000. */
const LAST_DAY = 2_958_466;
const BUILT_IN_DATES = [
  [14, 17],
  [22, 22],
  [27, 31],
  [36, 36],
  [50, 54],
  [57, 58],
] as const;
