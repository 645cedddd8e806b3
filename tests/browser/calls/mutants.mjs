// Faults that are seeded into the rewriting of media, one at a time, each with the test that must fail by it; without a fault it must pass.
import { spawnSync } from 'node:child_process';

const rewrite = 'calls::sfu::rewrite';
/** @type {[fault: string, what: string, test: string][]} */
const MUTANTS = [
  ['rewrite-leaves-holes', 'what is left out leaves a hole in the numbers', `${rewrite}::tests::pictures::on_a_clean_road_nothing_is_missing_and_half_the_pictures_can_be_left_out`],
  ['rewrite-number-twice', 'a packet that comes twice goes out twice', `${rewrite}::tests::roads::whatever_the_road_does_a_receiver_can_follow`],
  ['rewrite-time-back', 'another layer may begin before what went out', `${rewrite}::timeline::tests::what_was_taken_earlier_goes_on_one_frame_later`],
  ['rewrite-any-switch', 'a slot changes stream without a keyframe', `${rewrite}::tests::pictures::what_goes_on_now_goes_on_until_the_keyframe_comes`],
  ['rewrite-cut-unseen', 'a picture that was cut off looks whole', `${rewrite}::tests::pictures::a_picture_that_was_cut_off_leaves_one_number_free`],
  ['rewrite-picture-leap', 'pictures are numbered as they came after a change', `${rewrite}::tests::pictures::on_a_clean_road_nothing_is_missing_and_half_the_pictures_can_be_left_out`],
  ['nack-neighbour', 'what is asked for again is answered with its neighbour', `${rewrite}::tests::pictures::on_a_clean_road_nothing_is_missing_and_half_the_pictures_can_be_left_out`],
  ['nack-before-keyframe', 'what went before a keyframe is sent again after it', 'calls::sfu::sent::tests::nothing_from_before_a_keyframe_is_sent_again_for_a_while'],
];

/** Whether the test passes with this fault, or with none. @param {string} test @param {string} fault */
const passes = (test, fault) => {
  const env = { ...process.env, RIALTO_TEST_MUTANT: fault, PROPTEST_DISABLE_FAILURE_PERSISTENCE: '1' };
  const run = spawnSync(process.env.RIALTO_CALL_MUTANTS ?? '', [test, '--exact'], { env, encoding: 'utf8' });
  if (run.error) throw run.error;
  if (!/running 1 test/.test(run.stdout)) throw new Error(`there is no test ${test}`);
  return run.status === 0;
};

export const mutants = async ({ tell }) => {
  for (const [fault, what, test] of MUTANTS) {
    const isNoticed = passes(test, '') && !passes(test, fault);
    tell(`${fault} is noticed by ${test.split('::').at(-1)}`, isNoticed ? 1 : 0, 'of 1', { least: 1 }, what);
  }
};
