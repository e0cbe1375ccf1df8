/*
 * attacks: what hostile code tries inside the sandbox.
 *
 * A test copies its own program into the work directory and runs "./attacker attack NAME" there;
 * its main() passes such a call on to attack_main(). Exit 0 means the attack was held, 1 that it
 * succeeded, with a line that says how.
 */
#ifndef VDO_TESTS_SUPPORT_ATTACKS_H
#define VDO_TESTS_SUPPORT_ATTACKS_H

int attack_main(const char *name);

#endif
