// Amounts of money: written from minor units, read into them, and never a fraction on the way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minorUnits } from '../../../static/lib/minor-units.js';
import { load, money } from '../../../static/lib/words.js';

test('what people write becomes minor units of the currency', () => {
  /** @type {[string, number, string][]} */
  const table = [['5', 2, '500'], ['5.5', 2, '550'], ['5,05', 2, '505'], [' 12 ', 2, '1200'], ['0.5', 3, '500'], ['500', 0, '500'], ['0', 2, '0'], ['007', 2, '700'], ['90071992547.41', 2, '9007199254741']];
  for (const [text, exponent, minor] of table) assert.equal(minorUnits(text, exponent), minor, `${text} with ${exponent}`);
  /** @type {[string, number][]} */
  const wrong = [['', 2], ['5.', 2], ['.5', 2], ['5.001', 2], ['5.0', 0], ['-5', 2], ['+5', 2], ['5e3', 2], ['1 000', 2], ['five', 2]];
  for (const [text, exponent] of wrong) {
    assert.equal(minorUnits(text, exponent), null, `${text} with ${exponent}`);
  }
});

test('minor units are written as the language does, with as many digits as the server says', () => {
  load({}, 'en-GB');
  assert.equal(money({ amount: 500, currency: 'EUR', exponent: 2 }), '€5.00');
  assert.equal(money({ amount: 5, currency: 'EUR', exponent: 2 }), '€0.05');
  assert.equal(money({ amount: -1205, currency: 'EUR', exponent: 2 }), '-€12.05');
  assert.equal(money({ amount: 500, currency: 'JPY', exponent: 0 }), '¥500');
  assert.match(money({ amount: 1500, currency: 'KWD', exponent: 3 }), /1\.500/);
  load({}, 'fr');
  assert.match(money({ amount: 123456, currency: 'EUR', exponent: 2 }), /^1\s234,56\s€$/);
});
