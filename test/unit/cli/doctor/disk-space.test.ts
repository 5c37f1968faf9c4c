import { expect } from 'chai';
import { judgeRoom } from '../../../../src/cli/doctor/disk-space.ts';

describe('doctor on the room that is left', () => {
  const CASES = [
    [5_000_000_000, 'ok'],
    [1_000_000_000, 'ok'],
    [999_999_999, 'warn'],
    [100_000_000, 'warn'],
    [99_999_999, 'FAIL'],
    [0, 'FAIL'],
  ] as const;
  for (const [bytes, status] of CASES) {
    it(`${bytes} bytes: ${status}`, () => {
      const found = judgeRoom('the folder', bytes);
      expect(found).to.include({ status });
      if (status !== 'ok') expect(found.fix).to.include('make room');
    });
  }
});
