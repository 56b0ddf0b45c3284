const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;
const MONTH = `(?<month>${MONTHS.join("|")})`;
const TIME = "(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)";

/** The three forms of a date in HTTP. Servers send the first form. The other forms come from old clients. */
const FORMS = [
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  new RegExp(
    `^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`,
  ),
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})$`),
] as const;

/**
 * Returns the time in a date header, in whole seconds since 1970. Returns `undefined` if the date has none of the three forms
 * of HTTP.
 *
 * A condition with an invalid date has to be ignored. `Date.parse` cannot be used, because it accepts many other texts, such as
 * `"1"`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-date-time-formats
 */
export function parseHttpDate(text: string): number | undefined {
  for (const form of FORMS) {
    const groups = form.exec(text)?.groups;
    if (groups !== undefined) return secondsOf(groups);
  }
  return undefined;
}

/** Returns the time of a date in whole seconds, as in HTTP. */
export function toHttpSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

function secondsOf(groups: Readonly<Record<string, string>>): number | undefined {
  const { day = "", month = "", year = "", hour, minute, second } = groups;
  const monthIndex = MONTHS.indexOf(month as (typeof MONTHS)[number]);
  const fullYear = year.length === 2 ? nearestYear(Number(year)) : Number(year);
  const date = new Date(0);
  date.setUTCFullYear(fullYear, monthIndex, Number(day));
  date.setUTCHours(Number(hour), Number(minute), Number(second));
  const isReal = Number(day) >= 1 && (date.getUTCDate() === Number(day) || second === "60");
  return isReal ? toHttpSeconds(date) : undefined;
}

/**
 * Returns the full year for two digits. If the year would be more than 50 years in the future, it is taken as a year in the
 * past.
 */
function nearestYear(twoDigits: number): number {
  const now = new Date().getUTCFullYear();
  const year = now - (now % 100) + twoDigits;
  return year > now + 50 ? year - 100 : year;
}
