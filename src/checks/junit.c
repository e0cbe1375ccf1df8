#include "junit.h"

#include "vdo/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <expat.h>

enum {
    DEPTH = 64,
    SUITES = 16,
    LONGEST_TAG = 1024 * 1024,
    PIECE = 64 * 1024,
    NAME = 2048,
    LONGEST_TEXT_LINE = 2000
};

struct junit {
    XML_Parser parser;
    struct tally *tally;
    enum tally_side side;
    size_t depth;
    size_t fed; /* bytes, to see how long a tag has become */
    bool began;
    bool done;
    const char *refused; /* why reading was stopped; NULL */
    char suites[SUITES][RESULTS_MAX_NAME + 1];
    size_t suite_depth[SUITES];
    size_t n_suites;
    bool in_case;
    char name[NAME];
    char file[RESULTS_MAX_NAME + 1];
    int line;
    enum result_state state;
    bool takes_text; /* inside failure or error */
    char message[RESULTS_MAX_MESSAGE + 1];
    struct clip text;
    char text_line[LONGEST_TEXT_LINE]; /* the unfinished last line of it */
    size_t text_len;
};

static void refuse(struct junit *junit, const char *why)
{
    junit->refused = why;
    (void)XML_StopParser(junit->parser, XML_FALSE);
}

static const char *attribute(const XML_Char **attributes, const char *name)
{
    for (; attributes[0]; attributes += 2) {
        if (strcmp(attributes[0], name) == 0)
            return attributes[1];
    }
    return "";
}

static void begin_suite(struct junit *junit, const char *name)
{
    static const char *const roots[] = {"Mocha Tests", "Root Suite",   "jest tests",
                                        "pytest",      "vitest tests", NULL};

    if (junit->n_suites == SUITES)
        return;
    if (text_is_one_of(name, strlen(name), roots))
        name = "";
    (void)snprintf(junit->suites[junit->n_suites], RESULTS_MAX_NAME + 1, "%s", name);
    junit->suite_depth[junit->n_suites++] = junit->depth;
}

static bool begins_or_ends_in(const char *name, const char *part)
{
    size_t n = strlen(name);
    size_t m = strlen(part);

    return m <= n && (strncmp(name, part, m) == 0 || strcmp(name + n - m, part) == 0);
}

/* The class and the name; without a class (node writes "test") the suites and the name. */
static void make_name(struct junit *junit, const char *class, const char *name)
{
    size_t used = 0;

    if (*class && strcmp(class, "test") != 0) {
        const char *dot = strpbrk(name, "> ") || strpbrk(class, "/ ") ? " > " : ".";

        (void)snprintf(junit->name, NAME, "%.*s%s%.*s",
                       begins_or_ends_in(name, class) ? 0 : NAME / 3, class,
                       begins_or_ends_in(name, class) ? "" : dot, NAME / 2, name);
        return;
    }
    *junit->name = '\0';
    for (size_t i = 0; i < junit->n_suites && used < NAME / 2; i++) {
        if (*junit->suites[i])
            used += (size_t)snprintf(junit->name + used, NAME - used, "%s > ", junit->suites[i]);
    }
    (void)snprintf(junit->name + used, NAME - used, "%.*s", (int)(NAME / 4), name);
}

static void begin_case(struct junit *junit, const XML_Char **attributes)
{
    static const char *const skips[] = {"notrun", "disabled", "skipped", NULL};
    const char *status = attribute(attributes, "status");

    make_name(junit, attribute(attributes, "classname"), attribute(attributes, "name"));
    (void)snprintf(junit->file, sizeof(junit->file), "%s", attribute(attributes, "file"));
    junit->line = (int)strtol(attribute(attributes, "line"), NULL, 10);
    junit->in_case = true;
    junit->state = text_is_one_of(status, strlen(status), skips) ? RESULT_SKIPPED : RESULT_PASSED;
    *junit->message = '\0';
    clip_release(&junit->text);
    junit->text_len = 0;
}

static void begin_failure(struct junit *junit, const XML_Char **attributes)
{
    const char *message = attribute(attributes, "message");

    if (junit->state != RESULT_SKIPPED)
        junit->state = RESULT_FAILED;
    junit->takes_text = true;
    if (*junit->message == '\0')
        (void)snprintf(junit->message, sizeof(junit->message), "%s", message);
}

static void XMLCALL on_start(void *arg, const XML_Char *element, const XML_Char **attributes)
{
    static const char *const roots[] = {"testsuites", "testsuite", NULL};
    struct junit *junit = arg;

    if (junit->depth == 0 && !text_is_one_of(element, strlen(element), roots)) {
        refuse(junit, "the outermost element is neither testsuites nor testsuite");
        return;
    }
    if (++junit->depth > DEPTH) {
        refuse(junit, "elements are nested too deeply");
        return;
    }
    junit->began = true;
    if (strcmp(element, "testsuite") == 0)
        begin_suite(junit, attribute(attributes, "name"));
    else if (strcmp(element, "testcase") == 0)
        begin_case(junit, attributes);
    else if (junit->in_case && (strcmp(element, "failure") == 0 || strcmp(element, "error") == 0))
        begin_failure(junit, attributes);
    else if (junit->in_case && strcmp(element, "skipped") == 0)
        junit->state = RESULT_SKIPPED;
}

static void end_text_line(struct junit *junit)
{
    size_t len = text_len(junit->text_line, junit->text_len);

    junit->text_line[len] = '\0';
    len = tally_strip_root(junit->tally, junit->text_line, len);
    if (len || junit->text.head_len)
        clip_add(&junit->text, junit->text_line, len);
    junit->text_len = 0;
}

static void keep_failure(struct junit *junit)
{
    struct failure *failure = tally_failure(junit->tally, junit->side, junit->name);
    struct place place = {junit->file, strlen(junit->file), junit->line};
    AUTO_STRBUF text = {0};

    strbuf_init(&text, RESULTS_MAX_DETAIL + 100);
    clip_text(&junit->text, &text);
    if (*junit->message == '\0')
        failure_message(failure, text.ptr, strcspn(text.ptr, "\n"));
    else
        failure_message(failure, junit->message, strcspn(junit->message, "\n"));
    if (place.len && place.line > 0)
        failure_place(failure, &place);
    failure_place_in(failure, text.ptr);
    failure_place(failure, &place);
    if (failure && failure->detail.head_len == 0) {
        failure->detail = junit->text;
        junit->text = (struct clip){0};
    }
}

static void end_case(struct junit *junit)
{
    size_t len = strlen(junit->name);

    junit->in_case = false;
    (void)tally_strip_root(junit->tally, junit->name, len);
    (void)tally_strip_root(junit->tally, junit->file, strlen(junit->file));
    tally_test(junit->tally, junit->side, junit->name, junit->state);
    if (junit->state == RESULT_FAILED)
        keep_failure(junit);
}

static void XMLCALL on_end(void *arg, const XML_Char *element)
{
    struct junit *junit = arg;

    junit->depth--;
    if (junit->n_suites && junit->suite_depth[junit->n_suites - 1] == junit->depth + 1)
        junit->n_suites--;
    if (junit->takes_text && (strcmp(element, "failure") == 0 || strcmp(element, "error") == 0)) {
        end_text_line(junit);
        junit->takes_text = false;
    } else if (junit->in_case && strcmp(element, "testcase") == 0) {
        end_case(junit);
    }
    junit->done = junit->depth == 0;
}

static void XMLCALL on_text(void *arg, const XML_Char *text, int len)
{
    struct junit *junit = arg;

    for (int i = 0; junit->takes_text && i < len; i++) {
        if (text[i] == '\n')
            end_text_line(junit);
        else if (junit->text_len < LONGEST_TEXT_LINE - 1)
            junit->text_line[junit->text_len++] = text[i];
    }
}

static void XMLCALL on_doctype(void *arg, const XML_Char *name, const XML_Char *system,
                               const XML_Char *public, int internal)
{
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    refuse(arg, "it has a document type, which is not read");
}

struct junit *junit_new(struct tally *tally, enum tally_side side)
{
    struct junit *junit = xcalloc(1, sizeof(*junit));

    junit->tally = tally;
    junit->side = side;
    junit->parser = XML_ParserCreate(NULL);
    if (!junit->parser)
        abort();
    XML_SetUserData(junit->parser, junit);
    XML_SetElementHandler(junit->parser, on_start, on_end);
    XML_SetCharacterDataHandler(junit->parser, on_text);
    XML_SetStartDoctypeDeclHandler(junit->parser, on_doctype);
    return junit;
}

void junit_free(struct junit *junit)
{
    if (!junit)
        return;
    XML_ParserFree(junit->parser);
    clip_release(&junit->text);
    free(junit);
}

bool junit_is_done(const struct junit *junit)
{
    return junit->done;
}

static int fail(const struct junit *junit, struct err *err)
{
    const char *why =
        junit->refused ? junit->refused : XML_ErrorString(XML_GetErrorCode(junit->parser));

    return err_set(err, VDO_E_INVALID, "JUnit XML, line %lu: %s",
                   (unsigned long)XML_GetCurrentLineNumber(junit->parser), why);
}

int junit_feed(struct junit *junit, const char *bytes, size_t len, bool last, struct err *err)
{
    while (len || last) {
        size_t n = len < PIECE ? len : PIECE;
        bool end = last && n == len;
        long long at;

        if (XML_Parse(junit->parser, bytes, (int)n, end) != XML_STATUS_OK)
            return fail(junit, err);
        junit->fed += n;
        at = XML_GetCurrentByteIndex(junit->parser);
        if (!end && at >= 0 && junit->fed > (size_t)at + LONGEST_TAG)
            return err_set(err, VDO_E_TOO_LARGE, "JUnit XML, line %lu: a tag is over %d bytes",
                           (unsigned long)XML_GetCurrentLineNumber(junit->parser), LONGEST_TAG);
        bytes += n;
        len -= n;
        if (end)
            break;
    }
    return VDO_OK;
}

int junit_read_file(struct tally *tally, const char *bytes, size_t len, struct err *err)
{
    struct junit *junit;
    int rc;

    if (len > RESULTS_MAX_JUNIT)
        return err_set(err, VDO_E_TOO_LARGE, "JUnit XML: over %lu bytes", RESULTS_MAX_JUNIT);
    junit = junit_new(tally, TALLY_FILE);
    rc = junit_feed(junit, bytes, len, true, err);
    if (junit->began)
        tally_format(tally, "junit");
    junit_free(junit);
    return rc;
}
