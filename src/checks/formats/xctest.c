/* Swift's XCTest. Source: XCTestCase and PrintObserver of swift-corelibs-xctest; Xcode's own
 * differs in "-[Module.Suite test]". */
#include "format.h"

#include "vdo/base/mem.h"

#include <stdlib.h>

struct xctest {
    char *running; /* NULL outside of a test */
    struct failure *current;
};

/* A program that died within a test says no more about it; Xcode starts it again for the others. */
static void take_death(struct reading *r)
{
    static const char why[] = "the program ended within this test";
    const struct xctest *xctest = r->state;

    if (!xctest->running)
        return;
    reading_test(r, xctest->running, RESULT_FAILED);
    failure_message(reading_failure(r, xctest->running), why, sizeof(why) - 1);
}

static void end_test(struct reading *r)
{
    struct xctest *xctest = r->state;

    free(xctest->running);
    xctest->running = NULL;
    xctest->current = NULL;
    r->all_lines = r->in_block = false;
}

/* "SumsTests.testAdds", "-[SumsTests.SumsTests testAdds]": as one name */
static char *name_of(const char *text, size_t len)
{
    char *name;

    if (len > 3 && memcmp(text, "-[", 2) == 0 && text[len - 1] == ']')
        text += 2, len -= 3;
    name = xmemdup0(text, len);
    for (char *at = name; *at; at++)
        *at = *at == ' ' ? '.' : *at;
    return name;
}

/* "Test Case 'SumsTests.testAdds' passed (0.002 seconds)" */
static bool take_case(struct reading *r, const char *line)
{
    struct xctest *xctest = r->state;
    const char *name = text_after(line, "Test Case '");
    const char *end = name ? strstr(name, "' ") : NULL;
    enum result_state state;

    if (!end)
        return false;
    AUTO_FREE char *copy = name_of(name, (size_t)(end - name));

    end += 2;
    if (text_after(end, "started"))
        take_death(r);
    end_test(r);
    if (text_after(end, "started")) {
        xctest->running = xstrdup(copy);
        r->all_lines = r->in_block = true;
        return true;
    }
    state = text_after(end, "passed (")  ? RESULT_PASSED :
            text_after(end, "failed (")  ? RESULT_FAILED :
            text_after(end, "skipped (") ? RESULT_SKIPPED :
                                           RESULT_UNKNOWN;
    if (state != RESULT_UNKNOWN)
        reading_test(r, copy, state);
    return true;
}

/* "/src/SumsTests.swift:12: error: SumsTests.testAdds : XCTAssertEqual failed: ..." */
static void take_error(struct reading *r, const char *line, size_t len)
{
    struct xctest *xctest = r->state;
    const char *error = strstr(line, ": error: ");
    const char *text = error ? strstr(error, " : ") : NULL;
    struct place place;

    if (text) {
        xctest->current = reading_failure(r, xctest->running);
        if (text_place(line, &place))
            failure_place(xctest->current, &place);
        failure_message(xctest->current, text + 3, strlen(text + 3));
    }
    failure_detail(xctest->current, line, len);
}

static void xctest_line(struct reading *r, const char *line, size_t len)
{
    const struct xctest *xctest = r->state;

    if (!take_case(r, line) && xctest->running)
        take_error(r, line, len);
}

static void xctest_end(struct reading *r)
{
    take_death(r);
    end_test(r);
}

const struct format xctest_format = {
    .name = "xctest",
    .first = "T",
    .state_size = sizeof(struct xctest),
    .line = xctest_line,
    .end = xctest_end,
};
