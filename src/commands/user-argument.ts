import { UserError } from '../errors.ts';
import { serverOf, type UserId } from '../model/ids.ts';
import { isOurs, type Namespace } from '../model/namespace.ts';

/**
 * The grammar of user ids (Matrix spec, appendices 4.2.1) without what only history allows: capital letters and everything that is not ASCII look
 * like something else.
 */
const STRICT_USER_ID = /^@[a-z0-9._=/+-]+:[a-z0-9.-]+(:\d{1,5})?$/;
const MAX_LENGTH = 255;
const NOTHING = 'Nothing was done.';

/** The user that `word` names, exactly. A space inside an id ends the word, so that half an id is refused and never taken for a whole one (D5). */
export function readUser(word: string, namespace: Namespace, server: 'own' | 'any'): UserId {
  const example = `Write the whole user id without spaces, e.g. @lee:${namespace.domain}, or mention the user.`;
  if (/^@room\b/i.test(word) && !word.includes(':')) throw new UserError(`@room is everybody. ${example} ${NOTHING}`);
  if (!STRICT_USER_ID.test(word) || word.length > MAX_LENGTH) {
    throw new UserError(
      `That is not a user id. ${example} It holds only small letters, digits and . _ = / + -. ${NOTHING}`,
    );
  }
  const user = word as UserId;
  if (isOurs(namespace, user)) throw new UserError(`Refused: that user belongs to the bridge itself. ${NOTHING}`);
  if (server === 'own' && serverOf(user) !== namespace.domain) {
    throw new UserError(`Refused: that user is not on this homeserver, ${namespace.domain}. ${NOTHING}`);
  }
  return user;
}
