/** A way to tell a person of progress, on stderr: each line with the seconds that have passed since. */
export function startReport(): (line: string) => void {
  const startedAt = performance.now();
  return (line) => {
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    console.error(`${String(seconds).padStart(5)} s  ${line}`);
  };
}
