import { expect } from 'chai';
import { Agent, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { HomeserverListener } from '../../../src/matrix/homeserver-listener.ts';

/** For so long Node leaves an idle connection open. */
const IDLE_MS = 5_000;

describe('listener for the homeserver', () => {
  let agent: Agent;
  let listener: HomeserverListener;
  let arrived: PromiseWithResolvers<ServerResponse>;

  beforeEach(async () => {
    agent = new Agent({ keepAlive: true });
    arrived = Promise.withResolvers();
    listener = new HomeserverListener('token', (_request, response) => arrived.resolve(response));
    await listener.listen(0, '127.0.0.1', 10);
  });
  afterEach(async () => {
    agent.destroy();
    await listener.close();
  });

  function get(): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      request({ agent, port: listener.address?.port, host: '127.0.0.1' }, (answer) => {
        answer.resume().on('end', () => resolve(answer));
      })
        .on('error', reject)
        .end();
    });
  }

  it('answers what is under way before it closes, and does not wait for the connection to be idle for long', async () => {
    const answer = get();
    const response = await arrived.promise;
    const startedAt = performance.now();
    const closed = listener.close();
    response.end('done');
    expect((await answer).statusCode).to.equal(200);
    await closed;
    expect(performance.now() - startedAt).to.be.lessThan(IDLE_MS);
  });

  it('closes at once where connections are idle', async () => {
    const answer = get();
    (await arrived.promise).end();
    await answer;
    const startedAt = performance.now();
    await listener.close();
    expect(performance.now() - startedAt).to.be.lessThan(IDLE_MS);
    expect(listener.address).to.equal(undefined);
  });

  it('keeps a connection for longer than Synapse does, whose next transaction must not meet one that is being closed', async () => {
    const answer = get();
    (await arrived.promise).end();
    expect((await answer).headers['keep-alive']).to.equal('timeout=130');
  });

  it('may be closed twice, and before it listened', async () => {
    await listener.close();
    await listener.close();
    await new HomeserverListener('token', () => undefined).close();
  });
});
