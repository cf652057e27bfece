import { clearLine, cursorTo } from 'node:readline';

const interval = 250;

/** Shows how far something is on a line of stderr, where that is a terminal. Returns how to stop. */
export function startProgress(describe: () => string): () => void {
  const { stderr } = process;
  if (!stderr.isTTY) return () => undefined;
  const clear = () => {
    cursorTo(stderr, 0);
    clearLine(stderr, 0);
  };
  const timer = setInterval(() => {
    clear();
    stderr.write(describe());
  }, interval);
  return () => {
    clearInterval(timer);
    clear();
  };
}
