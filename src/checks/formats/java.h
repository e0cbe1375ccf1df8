/*
 * java: stack frames of the JVM, as its build tools print them.
 */
#ifndef VDO_CHECKS_FORMATS_JAVA_H
#define VDO_CHECKS_FORMATS_JAVA_H

#include "../tally.h"

/* What stands behind "at ": "org.demo.CalcTest.addsWrong(CalcTest.java:12)". The first frame that
 * is not a test library's or the runtime's is the failure's place. */
void java_frame(struct failure *failure, const char *text);

#endif
