import { expect } from 'chai';
import { advances, FAILURE_TEXT, type DeliveryState } from '../../../src/model/delivery.ts';

/** From each state, the states that a later report or outcome may lead to. */
const FORWARD: Readonly<Record<DeliveryState, readonly DeliveryState[]>> = {
  ready: ['sending', 'unknown', 'accepted', 'sent', 'refused', 'parked', 'failed', 'delivered'],
  sending: ['unknown', 'accepted', 'sent', 'refused', 'parked', 'failed', 'delivered'],
  unknown: ['accepted', 'sent', 'refused', 'parked', 'failed', 'delivered'],
  accepted: ['sent', 'refused', 'parked', 'failed', 'delivered'],
  sent: ['refused', 'parked', 'failed', 'delivered'],
  refused: ['delivered'],
  parked: ['delivered'],
  failed: ['delivered'],
  delivered: [],
};
const STATES = Object.keys(FORWARD) as DeliveryState[];

describe('delivery', () => {
  for (const from of STATES) {
    it(`from ${from} a text goes on to ${FORWARD[from].join(', ') || 'nothing'} and never back`, () => {
      expect(STATES.filter((to) => advances(from, to)).sort()).to.deep.equal([...FORWARD[from]].sort());
    });
  }

  it('says for every failure what to do', () => {
    for (const text of Object.values(FAILURE_TEXT)) expect(text).to.match(/^[a-z].*\. (.*\.)$/);
  });
});
