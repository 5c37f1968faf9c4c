import type { ClassRules } from './care-policy.ts';
import type { PhiClass } from './phi-class.ts';

/** What each class fixes where the configuration says nothing else. */
export const BUILT_IN_CLASSES: Readonly<Record<PhiClass, ClassRules>> = {
  none: {
    isEncryptionRequired: false,
    historyVisibility: 'shared',
    joining: 'restricted',
    areGuestsAllowed: false,
    federation: 'open',
    invitePower: 0,
    allowedBots: new Set(),
    areVerifiedDevicesRequired: false,
    retentionClass: 'general',
    mayTextOut: true,
    marker: { where: 'topic', text: 'No patient data.' },
  },
  phi: {
    isEncryptionRequired: true,
    historyVisibility: 'joined',
    joining: 'restricted',
    areGuestsAllowed: false,
    federation: 'own-server',
    invitePower: 50,
    allowedBots: new Set(),
    areVerifiedDevicesRequired: false,
    retentionClass: 'phi',
    mayTextOut: true,
    marker: { where: 'topic', text: 'Patient data (PHI).' },
  },
  sensitive: {
    isEncryptionRequired: true,
    historyVisibility: 'joined',
    joining: 'invite',
    areGuestsAllowed: false,
    federation: 'own-server',
    invitePower: 90,
    allowedBots: new Set(),
    areVerifiedDevicesRequired: true,
    retentionClass: 'sensitive',
    mayTextOut: false,
    marker: { where: 'topic', text: 'Specially protected patient data.' },
  },
};
