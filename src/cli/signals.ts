/**
 * Resolves with the first SIGTERM or SIGINT. A second one ends the process at once: what is not settled then is
 * read again by the next run.
 */
export function waitForSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
      process.once('SIGTERM', endAtOnce).once('SIGINT', endAtOnce);
      resolve(signal);
    };
    process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  });
}

function endAtOnce(): never {
  process.exit(1);
}
