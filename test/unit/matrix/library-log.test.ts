import { expect } from 'chai';
import { Logger as LibraryLogger } from 'matrix-appservice-bridge';
import { redirectLibraryLog } from '../../../src/matrix/library-log.ts';
import { silentLogger, type LogFields } from '../../../src/log.ts';

describe('log of the Matrix libraries', () => {
  after(() => redirectLibraryLog(silentLogger));

  /** What reaches our log when `say` makes the library speak. */
  function heard(say: () => void): Promise<{ event: string; fields: LogFields | undefined }> {
    return new Promise((resolve) => {
      redirectLibraryLog({
        ...silentLogger,
        debug: (event, fields) => fields?.name === 'Probe' && resolve({ event, fields }),
      });
      say();
    });
  }

  it('gives the component and the level, never the text', async () => {
    const { event, fields } = await heard(() =>
      new LibraryLogger('Probe').error('Rosa Diaz, +12125550123', { body: 'call me' }),
    );
    expect(event).to.equal('matrix-library.said');
    expect(fields).to.deep.equal({ name: 'Probe', state: 'error' });
  });

  it('gives an error code', async () => {
    const error = Object.assign(new Error('M_FORBIDDEN: Rosa Diaz is not in the room'), { errcode: 'M_FORBIDDEN' });
    const { fields } = await heard(() => new LibraryLogger('Probe').warn('failed', error));
    expect(fields).to.deep.equal({ name: 'Probe', state: 'warn', code: 'M_FORBIDDEN' });
  });

  it('takes in the bot SDK too', async () => {
    const { fields } = await heard(() => {
      LibraryLogger.botSdkLogger.error('Probe', 'PUT http://hs/rooms/!r: ECONNREFUSED');
    });
    expect(fields).to.deep.equal({ name: 'Probe', state: 'error', code: 'ECONNREFUSED' });
  });
});
