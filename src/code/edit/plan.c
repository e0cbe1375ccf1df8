#include "plan.h"

#include "vdo/base/mem.h"

#include <stdlib.h>

// NOLINTNEXTLINE(readability-non-const-parameter): the plan takes path over
struct file_op *plan_add_op(struct edit_plan *plan, enum op_kind kind, char *path,
                            enum edit_format format, size_t answer_line)
{
    if (plan->n == plan->cap) {
        plan->cap = plan->cap ? plan->cap * 2 : 8;
        plan->ops = xreallocarray(plan->ops, plan->cap, sizeof(*plan->ops));
    }
    plan->ops[plan->n] =
        (struct file_op){.kind = kind, .path = path, .format = format, .answer_line = answer_line};
    return &plan->ops[plan->n++];
}

struct hunk *op_add_hunk(struct file_op *op, size_t answer_line)
{
    if (op->n == op->cap) {
        op->cap = op->cap ? op->cap * 2 : 4;
        op->hunks = xreallocarray(op->hunks, op->cap, sizeof(*op->hunks));
    }
    op->hunks[op->n] = (struct hunk){.answer_line = answer_line, .old_count = -1, .new_count = -1};
    return &op->hunks[op->n++];
}

struct hunk_line *hunk_add_line(struct hunk *hunk, enum hunk_line_kind kind, const char *ptr,
                                size_t len)
{
    if (hunk->n == hunk->cap) {
        hunk->cap = hunk->cap ? hunk->cap * 2 : 16;
        hunk->lines = xreallocarray(hunk->lines, hunk->cap, sizeof(*hunk->lines));
    }
    hunk->lines[hunk->n] = (struct hunk_line){.ptr = ptr, .len = len, .kind = kind};
    return &hunk->lines[hunk->n++];
}

void hunk_add_anchor(struct hunk *hunk, const char *ptr, size_t len)
{
    hunk->anchors = xreallocarray(hunk->anchors, hunk->n_anchors + 1, sizeof(*hunk->anchors));
    hunk->anchors[hunk->n_anchors++] = (struct span){ptr, len};
}

void hunk_release(struct hunk *hunk)
{
    if (hunk->alt) {
        hunk_release(hunk->alt);
        free(hunk->alt);
    }
    if (hunk->relaxed) {
        hunk_release(hunk->relaxed);
        free(hunk->relaxed);
    }
    free(hunk->lines);
    free(hunk->anchors);
    *hunk = (struct hunk){0};
}

void plan_release(struct edit_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        struct file_op *op = &plan->ops[i];

        for (size_t k = 0; k < op->n; k++)
            hunk_release(&op->hunks[k]);
        free(op->hunks);
        free(op->path);
        free(op->to);
    }
    free(plan->ops);
    *plan = (struct edit_plan){0};
}

bool hunk_line_is_old(const struct hunk_line *line)
{
    return line->kind != LINE_ADD;
}

bool hunk_has_old(const struct hunk *hunk)
{
    for (size_t i = 0; i < hunk->n; i++) {
        if (hunk_line_is_old(&hunk->lines[i]))
            return true;
    }
    return false;
}

bool hunk_has_change(const struct hunk *hunk)
{
    for (size_t i = 0; i < hunk->n; i++) {
        if (hunk->lines[i].kind == LINE_ADD || hunk->lines[i].kind == LINE_REMOVE)
            return true;
    }
    return false;
}

void hunk_mark_stuck(struct hunk *hunk)
{
    for (size_t i = 0; i + 1 < hunk->n; i++) {
        hunk->lines[i].stuck = hunk->lines[i + 1].kind == LINE_ADD;
    }
}
