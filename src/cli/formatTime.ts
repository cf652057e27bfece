/** ISO 8601; the time of an event may be any number, and is that where no date can hold it. */
export function formatTime(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString();
}
