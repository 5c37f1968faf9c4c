import { holdsNumber } from '../holds-number.ts';
import { report, type Rule } from './rule.ts';

/** Named one by one; a device's id is whatever its client wrote. */
const MOST_NAMED = 3;

/**
 * Who is in has only devices that they have verified, where the class requires it. The bot cannot verify for them: it is reported, and taken back when
 * it is so. The bridge itself neither gives keys to such a device nor believes it, in any room (M1).
 */
export const verifiedDevices: Rule = ({ policy, rules, snapshot }) => {
  if (!rules.areVerifiedDevicesRequired) return [];
  return [...(policy.unverifiedDevices ?? [])].flatMap(([user, devices]) => {
    if (devices.length === 0 || snapshot.members.get(user) !== 'join') return [];
    const named = devices.filter((device) => !holdsNumber(device)).slice(0, MOST_NAMED);
    const rest = devices.length - named.length;
    const which = [...named, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
    return [
      report(
        'verified-devices',
        `${user} is in the room with devices that are not verified: ${which}. Verify or sign out.`,
      ),
    ];
  });
};
