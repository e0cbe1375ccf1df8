/* escape: the escaper that is long enough for a file of its own. */
#ifndef VDO_TEMPLATE_ESCAPE_H
#define VDO_TEMPLATE_ESCAPE_H

#include "vdo/template/template.h"

void template_escape_markdown(const char *text, struct strbuf *out);

#endif
