/** Numbers for made-up patients: 555-0100 to 555-0199 of every area code are set aside for fiction. */
import { parsePhoneNumber, type PhoneNumber } from '../src/model/phone-number.ts';

const AREA_CODES =
  '201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240 248 251 252 253 254 256 260 262 267 269 270 281 ' +
  '301 302 303 304 305 307 308 309 310 312 313 314 315 316 317 318 319 320 321 323 330 334 336 337 347 351 352 360 361 386 401 402 404 405 406 407 408';
/** Of each area code; the first belongs to the clinic. */
const [FIRST, LAST] = [101, 199];

/** The first `count` of them. */
export function patientNumbers(count: number): PhoneNumber[] {
  const found: PhoneNumber[] = [];
  for (const area of AREA_CODES.split(' ')) {
    for (let end = FIRST; end <= LAST && found.length < count; end++) {
      const number = parsePhoneNumber(`+1${area}5550${end}`);
      if (number !== undefined) found.push(number);
    }
  }
  if (found.length < count) throw new Error(`There are ${found.length} made-up numbers, not ${count}.`);
  return found;
}
