/** Only what follows counts, so that a path or a query alone will do. */
const base = 'http://localhost';

/**
 * The click id in a landing page's URL, which is Powerspace's own when `utm_source` says so; undefined without one.
 * A plus in it stands for itself: click ids have them, and spaces never.
 */
export function clickIdInUrl(text: string): string | undefined {
  // Most visits come from elsewhere.
  if (!text.includes('clickId=')) return undefined;
  const search = URL.parse(text, base)?.search.replaceAll('+', '%2B');
  const parameters = new URLSearchParams(search);
  if (parameters.get('utm_source')?.toLowerCase() !== 'powerspace') return undefined;
  return parameters.get('clickId') || undefined;
}
