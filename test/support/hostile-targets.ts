/** Ways of naming a user by which somebody might hit the wrong one (D5), with the words that refuse them. */

export const NOT_A_USER = /^That is not a user id\. Write the whole user id without spaces.*Nothing was done\.$/;
export const OTHER_SERVER = /^Refused: that user is not on this homeserver, hospital\.test\. Nothing was done\.$/;
const OURS = /^Refused: that user belongs to the bridge itself\. Nothing was done\.$/;

/** Who is who, on hospital.test. */
export interface HostilePeople {
  /** Who might be hit: `@lee:hospital.test`. */
  readonly lee: string;
  readonly nurse: string;
  readonly bot: string;
  readonly ghost: string;
}

/** What it is, what is typed after `!care lock `, and what the bot says. */
export function hostileTargets(people: HostilePeople): readonly (readonly [string, string, RegExp])[] {
  const { lee, nurse, bot, ghost } = people;
  return [
    ['a space before the colon (mjolnir #375)', '@lee :hospital.test phone lost', NOT_A_USER],
    ['a space after the colon', '@lee: hospital.test phone lost', NOT_A_USER],
    ['a space in the name', '@le e:hospital.test phone lost', NOT_A_USER],
    ['a space after the at sign', '@ lee:hospital.test phone lost', NOT_A_USER],
    ['a no-break space in the name', '@le\u00a0e:hospital.test phone lost', NOT_A_USER],
    ['a line break in the id', '@lee\n:hospital.test phone lost', NOT_A_USER],
    ['a space without width in the id', '@le\u200be:hospital.test phone lost', NOT_A_USER],
    ['a mark that turns the direction', '@lee\u202e:hospital.test phone lost', NOT_A_USER],
    ['a Cyrillic e', '@l\u0435e:hospital.test phone lost', NOT_A_USER],
    ['a Cyrillic e in the server', '@lee:hospital.t\u0435st phone lost', NOT_A_USER],
    ['full-width letters', '＠lee:hospital.test phone lost', NOT_A_USER],
    ['a full-width colon', '@lee：hospital.test phone lost', NOT_A_USER],
    ['an accent that is put on', '@le\u0301e:hospital.test phone lost', NOT_A_USER],
    ['a capital I for an l', '@Iee:hospital.test phone lost', NOT_A_USER],
    ['a soft hyphen', '@l\u00adee:hospital.test phone lost', NOT_A_USER],
    ['no server', '@lee phone lost', NOT_A_USER],
    ['no name', '@:hospital.test phone lost', NOT_A_USER],
    ['only a display name', 'Lee phone lost', NOT_A_USER],
    ['a comma after the id', `${lee}, phone lost`, NOT_A_USER],
    ['an id in brackets', `<${lee}> phone lost`, NOT_A_USER],
    ['an e-mail address', 'lee@hospital.test phone lost', NOT_A_USER],
    ['a pattern', '@*:hospital.test phone lost', NOT_A_USER],
    ['a room', '!room:hospital.test phone lost', NOT_A_USER],
    ['an alias', '#lee:hospital.test phone lost', NOT_A_USER],
    ['a matrix.to link to a room', 'https://matrix.to/#/!room:hospital.test phone lost', NOT_A_USER],
    ['an id that is too long', `@${'a'.repeat(250)}:hospital.test phone lost`, NOT_A_USER],
    ['the whole room', '@room phone lost', /^@room is everybody\./],
    ['a user of another server', '@lee:evil.test phone lost', OTHER_SERVER],
    ['a server whose name begins like ours', '@lee:hospital.test.evil.test phone lost', OTHER_SERVER],
    ['another port of our server', '@lee:hospital.test:8448 phone lost', OTHER_SERVER],
    ['the bot', `${bot} phone lost`, OURS],
    ['a ghost', `${ghost} phone lost`, OURS],
    ['two users', `${lee} ${nurse} phones lost`, /^Name one user at a time\. Nothing was done\.$/],
    ['a reason that nobody can see', `${lee} \u200b\u2060`, /^The text is empty\. Nothing was done\.$/],
    ['a mistyped --dry-run', `${lee} phone lost --dryrun`, /^Nothing was done: there is no option --dryrun/],
    ['an option that does not exist', `${lee} --force phone lost`, /^Nothing was done: there is no option --force/],
  ];
}
