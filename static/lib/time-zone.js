/** The time zone of this browser, by its IANA name; undefined where the browser does not know. */
export function timeZone() {
  const { timeZone: zone } = Intl.DateTimeFormat().resolvedOptions();
  return zone && zone !== "Etc/Unknown" ? zone : undefined;
}
