#include "report.h"

#include "vdo/json/json.h"

#include <string.h>

enum { MAX_CHECKED = 32 };

static json_t *text_or_null(const char *text)
{
    return text ? js_string_lossy(text, strlen(text)) : json_null();
}

static bool was_moved_away(const struct work *work, const struct work_file *file)
{
    for (size_t i = 0; i < work->n; i++) {
        const struct work_file *other = work->files[i];

        if (other->exists && other->from && !other->copied && strcmp(other->from, file->path) == 0)
            return true;
    }
    return false;
}

static const char *action_of(const struct work_file *file)
{
    if (!file->exists)
        return "delete";
    if (file->from && !file->copied)
        return "move";
    return file->on_disk ? "update" : "add";
}

/* Only a file that no longer parses is looked at a second time, as it was. */
static void add_syntax(json_t *object, const struct edit_parser *parser,
                       const struct work_file *file)
{
    const char *before = file->disk_bytes ? file->disk_bytes : file->bytes;
    size_t before_len = file->disk_bytes ? file->disk_len : file->len;
    const char *name = "none";
    struct edit_syntax now;
    struct edit_syntax then = {0};

    edit_syntax_bytes(parser, file->path, file->bytes, file->len, &now);
    if (now.state == EDIT_SYNTAX_OK)
        name = "ok";
    if (now.state == EDIT_SYNTAX_BROKEN && file->on_disk)
        edit_syntax_bytes(parser, file->path, before, before_len, &then);
    if (now.state == EDIT_SYNTAX_BROKEN)
        name = then.state == EDIT_SYNTAX_BROKEN ? "was_broken" : "broken";
    json_object_set_new(object, "syntax", json_string(name));
    if (now.state == EDIT_SYNTAX_BROKEN) {
        json_object_set_new(object, "syntax_message", text_or_null(now.message));
        json_object_set_new(object, "syntax_line", json_integer(now.line));
    }
}

static json_t *file_json(const struct work *work, const struct work_file *file, bool check_syntax)
{
    json_t *object = json_object();

    json_object_set_new(object, "path", text_or_null(file->path));
    json_object_set_new(object, "action", json_string(action_of(file)));
    if (file->from)
        json_object_set_new(object, "from", text_or_null(file->from));
    json_object_set(object, "edits", file->edits);
    if (check_syntax && file->exists)
        add_syntax(object, work->options->parser, file);
    return object;
}

static json_t *files_json(const struct work *work)
{
    json_t *files = json_array();

    for (size_t i = 0; i < work->n; i++) {
        const struct work_file *file = work->files[i];

        if (work_file_differs(file) && (file->exists || file->on_disk) &&
            !(!file->exists && was_moved_away(work, file)))
            json_array_append_new(files, file_json(work, file,
                                                   work->options->check_syntax &&
                                                       json_array_size(files) < MAX_CHECKED));
    }
    return files;
}

static json_t *candidate_json(const struct refusal *why)
{
    json_t *object;

    if (!why->candidate_path)
        return json_null();
    object = json_object();
    json_object_set_new(object, "path", text_or_null(why->candidate_path));
    json_object_set_new(object, "line", json_integer(why->candidate_line));
    json_object_set_new(object, "text", text_or_null(why->candidate_text));
    return object;
}

json_t *report_json(const struct work *work, int rc, const struct refusal *why,
                    const struct err *err)
{
    json_t *object = json_object();

    json_object_set_new(object, "applied", json_boolean(rc == VDO_OK));
    json_object_set_new(object, "reason",
                        rc == VDO_E_REFUSED ? json_string(reason_name(why->reason)) : json_null());
    if (rc == VDO_OK)
        json_object_set_new(object, "message",
                            json_string(work->options->dry_run ? "would apply" : "applied"));
    else
        json_object_set_new(
            object, "message",
            text_or_null(rc == VDO_E_REFUSED && why->message ? why->message : err->text));
    json_object_set_new(object, "candidate", rc ? candidate_json(why) : json_null());
    json_object_set_new(object, "files", rc ? json_array() : files_json(work));
    return object;
}
