#include "attempt.h"
#include "recorder.h"
#include "stop.h"
#include "turns.h"

#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

static void read_usage(const json_t *from, struct usage *usage)
{
    usage->input = js_int(from, "input", 0);
    usage->cache_read = js_int(from, "cache_read", 0);
    usage->cache_write = js_int(from, "cache_write", 0);
    usage->cache_write_long = js_int(from, "cache_write_long", 0);
    usage->output = js_int(from, "output", 0);
    usage->reasoning = js_int(from, "reasoning", 0);
    usage->estimated = js_bool(from, "estimated", false);
}

static void hand_on(struct wire_answer *answer)
{
    for (size_t i = 0; i < answer->turn.n_blocks; i++) {
        const struct block *block = &answer->turn.blocks[i];

        if (block->kind == BLOCK_TEXT)
            wire_on_text(answer, block->text, strlen(block->text));
    }
}

int play_answer(const struct attempt *attempt, struct outcome *out, struct err *err)
{
    const struct model *model = attempt->session->model;
    char *text = recorder_whole_request(attempt);
    json_auto_t *request = NULL;
    json_auto_t *response = NULL;
    int rc = js_parse(text, strlen(text), &request, err);

    free(text);
    if (!rc)
        rc = model->play(model->play_arg, attempt->context->step ? attempt->context->step : "",
                         attempt->request->role, request, &response, err);
    if (rc)
        return rc;
    turn_from_json(json_object_get(response, "turn"), &out->answer.turn);
    if (!stop_parse(js_str(response, "stop", "end"), &out->answer.stop))
        out->answer.stop = STOP_OTHER;
    wire_set_stop(&out->answer, js_str(response, "raw_stop", ""));
    read_usage(json_object_get(response, "usage"), &out->answer.usage);
    out->answer.usage_seen = true;
    out->answer.complete = true;
    out->cost_microusd = js_int(response, "cost_microusd", 0);
    hand_on(&out->answer);
    return VDO_OK;
}
