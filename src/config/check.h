/* check: what a text of an option must look like. Each returns NULL or what is wrong. */
#ifndef VDO_CONFIG_CHECK_H
#define VDO_CONFIG_CHECK_H

const char *check_listen(const char *text);
const char *check_url(const char *text);
const char *check_path(const char *text);
const char *check_store(const char *text);
const char *check_bus(const char *text);
const char *check_label(const char *text);
const char *check_command(const char *text);
const char *check_long_secret(const char *text);
const char *check_pem(const char *text);
/* The path of a file with certificates in PEM form; the file is read. */
const char *check_certificates(const char *text);
const char *check_branch(const char *text);
/* A host that may be reached. */
const char *check_host_rule(const char *text);
const char *check_engine(const char *text);
const char *check_image(const char *text);
/* A path or glob inside a repository. */
const char *check_repo_path(const char *text);

#endif
