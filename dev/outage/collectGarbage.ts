// Loaded into the connector before its own program (node --import, with --expose-gc). On SIGUSR2 it collects its
// garbage, so that its resident memory shows what it holds, and not when V8 last cared to look.

process.on('SIGUSR2', () => {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
});
