/** The connector's own count of records by outcome, from its Prometheus metrics. */
export async function readOutcomeCounts(adminUrl: string): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${adminUrl}/metrics`);
  const counts = new Map<string, number>();
  for (const [, outcome = '', count] of (await response.text()).matchAll(recordsLine)) {
    counts.set(outcome, (counts.get(outcome) ?? 0) + Number(count));
  }
  return counts;
}

const recordsLine = /^powerspace_records_total\{.*?outcome="([^"]+)".*?\} (\d+)/gm;
