/**
 * The simulated carrier as a process of its own:
 * `node src/sms/loopback/main.ts --secret-file F --webhook http://127.0.0.1:9000/carriers/loopback/webhook [--host H] [--port N] [--line +12125550100=Front desk]`.
 * Prints its address and runs until SIGINT or SIGTERM.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { LoopbackSimulator } from './simulator.ts';

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    'secret-file': { type: 'string', default: '' },
    webhook: { type: 'string', default: '' },
    line: { type: 'string', multiple: true, default: [] },
    phone: { type: 'string', multiple: true, default: [] },
  },
});

const lines = values.line.map((text) => {
  const [number = '', name = number] = text.split('=');
  return { number, name };
});

const simulator = new LoopbackSimulator({
  host: values.host,
  port: Number(values.port),
  secret: (await readFile(values['secret-file'], 'utf8')).trim(),
  webhookUrl: new URL(values.webhook).href,
  lines,
  phones: values.phone,
  reportDelayMs: 400,
});
await simulator.start();
process.stdout.write(`Patients' phones: ${simulator.url}/\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void simulator.stop());
