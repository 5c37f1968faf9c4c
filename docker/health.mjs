// Is the bridge in this container alive? Its port is 9994 unless CAREBRIDGE_HEALTH_URL says otherwise.
const url = process.env.CAREBRIDGE_HEALTH_URL ?? 'http://127.0.0.1:9994/health';
const isAlive = await fetch(url).then(
  (response) => response.ok,
  () => false,
);
process.exitCode = isAlive ? 0 : 1;
