/* Where a server listens. */
#include "server_fixture.h"

/* --- addresses and limits ------------------------------------------------------------------- */

static void http_server_start__listens_where_it_is_told(void **state)
{
    struct http_server *server = start((struct http_server_options){.listen = "[::1]:0"});
    AUTO_FREE char *url = xasprintf("%s/jobs/7", http_server_url(server));
    struct http_client *client = http_client_new();
    struct http_call call = {.method = "GET", .url = url};
    struct http_result result;

    (void)state;
    assert_int_equal(strncmp(url, "http://[::1]:", 13), 0);
    assert_int_equal(http_call(client, &call, &result, NULL), 0);
    assert_non_null(strstr(result.body, "peer=::1 "));
    http_result_release(&result);
    http_client_free(client);
    stop(server, 1000);
}

static void http_server_start__takes_a_unix_socket_and_replaces_a_stale_one(void **state)
{
    char dir[] = "/tmp/vdo-http-XXXXXX";
    char address[64];
    struct stat st;
    mode_t mask = umask(0077);

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(address, sizeof(address), "unix:%s/s", dir);
    for (int round = 0; round < 2; round++) {
        struct http_server *server = start((struct http_server_options){.listen = address});
        struct http_server *second = NULL;
        struct http_server_options again = {.listen = address, .routes = ROUTES, .n_routes = 1};
        struct err err = {0};

        assert_string_equal(http_server_url(server), address);
        assert_int_equal(stat(address + 5, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0660);
        check_answer(server, GET("/jobs/7"), 200, "peer=unix ");
        assert_int_equal(http_server_start(&again, &second, &err), VDO_E_CONFLICT);
        assert_null(second);
        stop(server, 1000);
        assert_int_not_equal(stat(address + 5, &st), 0);
        if (round == 0) { /* as a killed process leaves it */
            int fd = socket(AF_UNIX, SOCK_STREAM, 0);
            struct {
                sa_family_t family;
                char path[108];
            } addr = {.family = AF_UNIX};

            strcpy(addr.path, address + 5);
            assert_int_equal(bind(fd, (void *)&addr, sizeof(addr)), 0);
            close(fd);
        }
    }
    umask(mask);
    rmdir(dir);
}

static void http_server_start__takes_the_socket_of_systemd(void **state)
{
    struct http_server *passed = NULL;
    struct http_server_options options = {
        .listen = "systemd", .routes = ROUTES, .n_routes = CASES(ROUTES), .threads = 1};
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int kept = fcntl(3, F_DUPFD_CLOEXEC, 100); /* the first that systemd passes is 3 */
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char pid[32];

    (void)state;
    assert_int_equal(bind(fd, (void *)&addr, sizeof(addr)), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(dup2(fd, 3), 3);
    if (fd != 3)
        close(fd);
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    assert_int_equal(http_server_start(&options, &passed, NULL), 0);
    check_answer(passed, GET("/jobs/7"), 200, "id=7 ");
    http_server_stop(passed, 1000);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    if (kept >= 0) {
        assert_int_equal(dup2(kept, 3), 3);
        close(kept);
    }
}

static void http_server_start__says_when_systemd_passed_no_socket(void **state)
{
    static const char *const cases[][2] = {
        {NULL, "1"}, {"1", "1"}, {"self", NULL}, {"self", "0"}, {"self", "2"}, {"", ""},
    };
    struct http_server_options options = {
        .listen = "systemd", .routes = ROUTES, .n_routes = CASES(ROUTES)};
    char pid[32];

    (void)state;
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    for (size_t i = 0; i < CASES(cases); i++) {
        struct http_server *server = NULL;
        struct err err = {0};
        const char *first = cases[i][0];

        if (first)
            setenv("LISTEN_PID", strcmp(first, "self") == 0 ? pid : first, 1);
        if (cases[i][1])
            setenv("LISTEN_FDS", cases[i][1], 1);
        assert_int_equal(http_server_start(&options, &server, &err), VDO_E_INVALID);
        assert_non_null(strstr(err.text, ".socket unit"));
        unsetenv("LISTEN_PID");
        unsetenv("LISTEN_FDS");
    }
}

static void http_server_start__refuses_addresses_that_are_none(void **state)
{
    static const char *const addresses[] = {
        "",
        "8420",
        ":8420",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        "host:99999",
        "::1:80",
        "[::1]",
        "[]:80",
        "unix:",
        "unix:relative",
        "unix:/dev/null",
        "http://127.0.0.1:80",
        "127.0.0.1:80x",
        "unix:/"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaa",
    };

    (void)state;
    for (size_t i = 0; i < CASES(addresses); i++) {
        struct http_server_options options = {
            .listen = addresses[i], .routes = ROUTES, .n_routes = CASES(ROUTES)};
        struct http_server *server = NULL;
        struct err err = {0};
        int rc = http_server_start(&options, &server, &err);

        if (rc != VDO_E_INVALID || server)
            fail_msg("\"%s\": %d %s", addresses[i], rc, err.text);
    }
}

static void http_server_start__says_when_the_port_is_taken(void **state)
{
    struct http_server *server = start((struct http_server_options){0});
    struct http_server_options options = {.listen = strstr(http_server_url(server), "127"),
                                          .routes = ROUTES,
                                          .n_routes = CASES(ROUTES)};
    struct http_server *second = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(http_server_start(&options, &second, &err), VDO_E_CONFLICT);
    assert_non_null(strstr(err.text, options.listen));
    stop(server, 1000);
}

static void http_server_start__refuses_patterns_that_are_none(void **state)
{
    static const char *const patterns[] = {
        "",
        "jobs",
        "/{id",
        "/a}",
        "/{}",
        "/x{id}",
        "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
        "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}",
    };

    (void)state;
    for (size_t i = 0; i < CASES(patterns); i++) {
        struct http_route route = {"GET", patterns[i], 0, answer_echo, NULL};
        struct http_server_options options = {
            .listen = "127.0.0.1:0", .routes = &route, .n_routes = 1};
        struct http_server *server = NULL;

        assert_int_equal(http_server_start(&options, &server, NULL), VDO_E_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_server_start__listens_where_it_is_told),
        cmocka_unit_test(http_server_start__takes_a_unix_socket_and_replaces_a_stale_one),
        cmocka_unit_test(http_server_start__takes_the_socket_of_systemd),
        cmocka_unit_test(http_server_start__says_when_systemd_passed_no_socket),
        cmocka_unit_test(http_server_start__refuses_addresses_that_are_none),
        cmocka_unit_test(http_server_start__says_when_the_port_is_taken),
        cmocka_unit_test(http_server_start__refuses_patterns_that_are_none),
    };

    return cmocka_run_group_tests(tests, start_up, NULL);
}
