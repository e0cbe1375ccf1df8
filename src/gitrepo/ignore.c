#include "ignore.h"

#include "path_glob.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_IGNORE_BYTES (256UL * VDO_KIB)

struct rule {
    const char *glob; /* into the file's bytes */
    bool negated;
    bool only_dirs;
    bool anchored;
};

struct ignore_rules {
    const struct ignore_rules *outer;
    size_t prefix_len; /* bytes of a path up to what the globs see */
    char *bytes;
    struct rule *rules;
    size_t n_rules;
};

/* Blanks at the end do not count unless a backslash stands before them. */
static void trim_blanks(char *line)
{
    size_t keep = 0;

    for (size_t at = 0; line[at]; at++) {
        if (line[at] == '\\' && line[at + 1])
            keep = ++at + 1;
        else if (line[at] != ' ')
            keep = at + 1;
    }
    line[keep] = '\0';
}

static bool parse_rule(char *line, struct rule *rule)
{
    size_t len;

    *rule = (struct rule){0};
    trim_blanks(line);
    if (line[0] == '#' || line[0] == '\0')
        return false;
    if (line[0] == '!') {
        rule->negated = true;
        line++;
    }
    len = strlen(line);
    if (len > 0 && line[len - 1] == '/') {
        rule->only_dirs = true;
        line[--len] = '\0';
    }
    rule->anchored = strchr(line, '/') != NULL;
    if (line[0] == '/')
        line++;
    rule->glob = line;
    return line[0] != '\0';
}

static void parse_file(struct ignore_rules *rules, char *text)
{
    char *line = text;
    size_t n_lines = 1;

    if (strncmp(line, "\xef\xbb\xbf", 3) == 0)
        line += 3;
    for (const char *at = line; (at = strchr(at, '\n')); at++)
        n_lines++;
    rules->rules = xcalloc(n_lines, sizeof(*rules->rules));
    while (line) {
        char *end = strchr(line, '\n');

        if (end) {
            *end = '\0';
            if (end > line && end[-1] == '\r')
                end[-1] = '\0';
        }
        if (parse_rule(line, &rules->rules[rules->n_rules]))
            rules->n_rules++;
        line = end ? end + 1 : NULL;
    }
}

static int read_bytes(int fd, size_t size, char **out)
{
    char *bytes = xmalloc(size + 1);
    size_t len = 0;

    while (len < size) {
        ssize_t n = read(fd, bytes + len, size - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            free(bytes);
            return -1;
        }
        if (n == 0)
            break;
        len += (size_t)n;
    }
    bytes[len] = '\0';
    *out = bytes;
    return 0;
}

/* The file's text; out stays NULL when there is no regular file. */
static int read_file(int dir_fd, const char *dir, char **out, struct err *err)
{
    struct stat st;
    int fd = openat(dir_fd, ".gitignore", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int rc = VDO_OK;

    if (fd < 0 && (errno == ENOENT || errno == ELOOP || errno == ENXIO))
        return VDO_OK;
    if (fd < 0 || fstat(fd, &st) ||
        (S_ISREG(st.st_mode) && (size_t)st.st_size <= MAX_IGNORE_BYTES &&
         read_bytes(fd, (size_t)st.st_size, out)))
        rc = err_set(err, VDO_E_IO, "read %.200s/.gitignore: %s", dir, strerrordesc_np(errno));
    else if (S_ISREG(st.st_mode) && (size_t)st.st_size > MAX_IGNORE_BYTES)
        rc = err_set(err, VDO_E_TOO_LARGE, "%.200s/.gitignore is over %lu bytes", dir,
                     MAX_IGNORE_BYTES);
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

int ignore_rules_load(int dir_fd, const char *dir, const struct ignore_rules *outer,
                      struct ignore_rules **out, struct err *err)
{
    struct ignore_rules *rules;
    char *bytes = NULL;
    int rc = read_file(dir_fd, dir, &bytes, err);

    if (rc)
        return rc;
    rules = xcalloc(1, sizeof(*rules));
    rules->outer = outer;
    rules->prefix_len = dir[0] ? strlen(dir) + 1 : 0;
    rules->bytes = bytes;
    if (bytes)
        parse_file(rules, bytes);
    *out = rules;
    return VDO_OK;
}

void ignore_rules_free(struct ignore_rules *rules)
{
    if (!rules)
        return;
    free(rules->bytes);
    free(rules->rules);
    free(rules);
}

bool ignore_rules_match(const struct ignore_rules *rules, const char *path, bool is_dir)
{
    for (; rules; rules = rules->outer) {
        for (size_t i = rules->n_rules; i-- > 0;) {
            const struct rule *rule = &rules->rules[i];

            if (rule->only_dirs && !is_dir)
                continue;
            if (glob_match_whole(rule->glob, rule->anchored, path + rules->prefix_len))
                return !rule->negated;
        }
    }
    return false;
}
