#!/usr/bin/env node
// At SIGUSR1 Node would open its inspector, through which whoever reaches the port runs what they like.
process.on('SIGUSR1', () => {});

const oldestNode = 24;

if (Number(process.versions.node.split('.')[0]) < oldestNode) {
  process.stderr.write(
    `powerspace-connector needs Node.js ${oldestNode} or newer, and this is ${process.versions.node} (${process.execPath}).\n` +
      'In a checkout, npx and npm scripts use the Node.js that it installs: npx powerspace-connector --help\n',
  );
  process.exit(1);
}

// Process 1, as in a container, gets only the signals that it handles; any other is ended by them anyway.
if (process.pid === 1) {
  for (const [signal, exitCode] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const]) {
    process.on(signal, () => {
      const isHandledElsewhere = process.listenerCount(signal) > 1;
      if (!isHandledElsewhere) process.exit(exitCode);
    });
  }
}

const { runProgram } = await import('./cli/program.ts');
process.exitCode = await runProgram(process.argv.slice(2));
// What still holds the process then, such as a socket to a silent broker, is not waited for.
setTimeout(() => process.exit(), 500).unref();
