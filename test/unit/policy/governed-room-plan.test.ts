import { expect } from 'chai';
import { BUILT_IN_CLASSES } from '../../../src/model/built-in-classes.ts';
import { governedRoomPlan } from '../../../src/policy/governed-room-plan.ts';
import { ADMIN, BOT, careRoom, hospitalPolicy, ICU_SPACE, NURSE } from '../../support/care-room.ts';

describe('governedRoomPlan', () => {
  it('makes a patient’s room that is right from its first event (E1)', () => {
    const plan = governedRoomPlan(hospitalPolicy(), careRoom(), '11', 'abc');
    expect(plan).to.include({ key: 'abc', name: 'Patient ABCD (front-desk)', isSpace: false, federate: false });
    expect(plan.topic).to.equal('Patient data (PHI). Text conversation, bridged by SMS');
    expect(plan.invite).to.deep.equal([NURSE]);
    const types = plan.initialState.map(({ type }) => type);
    expect(types).to.have.members([
      ...['m.room.power_levels', 'm.room.join_rules', 'm.room.guest_access', 'm.room.server_acl', 'm.room.encryption'],
      ...['m.room.history_visibility', 'org.carebridge.phi'],
    ]);
  });

  it('gives nobody the power to end the governance, and everybody invited theirs', () => {
    const room = careRoom({ kind: 'command', conversation: undefined });
    const levelsIn = (version: string) =>
      governedRoomPlan(hospitalPolicy(), room, version, 'k').initialState.find(
        ({ type }) => type === 'm.room.power_levels',
      )?.content['users'];
    expect(levelsIn('11')).to.deep.equal({ [BOT]: 100, [ADMIN]: 90 });
    expect(levelsIn('12')).to.deep.equal({ [ADMIN]: 90 });
  });

  it('makes a unit’s space, and its rooms in it', () => {
    const space = governedRoomPlan(hospitalPolicy(), careRoom({ kind: 'unit', phiClass: 'none' }), '11', 'k');
    expect(space).to.include({ isSpace: true, federate: true });
    const team = governedRoomPlan(hospitalPolicy(), careRoom({ kind: 'care-team' }), '11', 'k');
    expect(team.initialState).to.deep.include({
      type: 'm.room.join_rules',
      stateKey: '',
      content: { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: ICU_SPACE }] },
    });
    expect(team.initialState).to.deep.include({
      type: 'm.space.parent',
      stateKey: ICU_SPACE,
      content: { via: ['hospital.test'], canonical: true },
    });
  });

  it('shows the class where it is wanted', () => {
    const show = (where: 'topic' | 'name' | 'none') => {
      const phi = { ...BUILT_IN_CLASSES.phi, marker: { where, text: '[PHI]' } };
      const { name, topic } = governedRoomPlan(
        hospitalPolicy({ classes: { ...BUILT_IN_CLASSES, phi } }),
        careRoom({ kind: 'care-team', name: 'Ward round' }),
        '11',
        'k',
      );
      return [name, topic];
    };
    expect(show('topic')).to.deep.equal(['Ward round', '[PHI] Care team']);
    expect(show('name')).to.deep.equal(['[PHI] Ward round', 'Care team']);
    expect(show('none')).to.deep.equal(['Ward round', 'Care team']);
  });
});
