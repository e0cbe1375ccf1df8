/*
 * limits: every cap on something that is sized from outside, in one list.
 *
 * A function that meets its cap returns VDO_E_TOO_LARGE. Sizes are bytes unless the name says
 * otherwise. Sources: GitHub's documented limits for payloads and bodies; the rest are ours.
 */
#ifndef VDO_BASE_LIMITS_H
#define VDO_BASE_LIMITS_H

#define VDO_KIB 1024UL
#define VDO_MIB (1024UL * 1024UL)

/* webhook and web */
#define VDO_MAX_WEBHOOK_BODY (25UL * VDO_MIB) /* GitHub sends nothing larger */
#define VDO_MAX_API_BODY     (256UL * VDO_KIB)
#define VDO_MAX_REQUEST_MS   30000 /* total time a client may take to send a request */
#define VDO_MAX_SSE_CLIENTS  256

/* JSON, YAML, templates, Markdown */
#define VDO_MAX_JSON_DEPTH     64
#define VDO_MAX_JSON_BYTES     (32UL * VDO_MIB)
#define VDO_MAX_YAML_BYTES     (64UL * VDO_KIB)
#define VDO_MAX_YAML_DEPTH     16
#define VDO_MAX_TEMPLATE_DEPTH 32
#define VDO_MAX_TEMPLATE_OUT   (4UL * VDO_MIB)
#define VDO_MAX_MARKDOWN       (64UL * VDO_KIB) /* GitHub's own limit is 65,536 characters */

/* what we ask others for */
#define VDO_MAX_CA_BYTES     (4UL * VDO_MIB) /* a file of certificates */
#define VDO_MAX_HTTP_BODY    (32UL * VDO_MIB)
#define VDO_MAX_HTTP_HEADERS (64UL * VDO_KIB)
#define VDO_MAX_SSE_LINE     (32UL * VDO_MIB)
#define VDO_MAX_PAGES        1000

/* what we send */
#define VDO_MAX_COMMENT_BODY 60000UL /* GitHub: 65,536 characters */

/* source trees */
#define VDO_MAX_PATH_BYTES  4096UL
#define VDO_MAX_SOURCE_FILE (2UL * VDO_MIB) /* larger files are listed, not indexed or edited */
#define VDO_MAX_TREE_FILES  300000UL
#define VDO_MAX_DIFF        (4UL * VDO_MIB)
#define VDO_MAX_ANSWER      (8UL * VDO_MIB) /* one textual answer of a model */

/* jobs */
#define VDO_MAX_TOOL_OUTPUT    (16UL * VDO_KIB) /* head and tail of what a tool shows the model */
#define VDO_MAX_COMMAND_OUTPUT (256UL * VDO_KIB)
#define VDO_MAX_ISSUE_TEXT     (64UL * VDO_KIB)
#define VDO_MAX_CHECKPOINT     (8UL * VDO_MIB)
#define VDO_MAX_LOG_LINE       (8UL * VDO_KIB)

#endif
