/* The contract of every store, held by the SQLite backend. */
#include "store_contract.c"
#include "store_contract_deliveries.c"
#include "store_contract_jobs.c"
#include "store_contract_money.c"
#include "store_contract_outbox.c"
#include "store_contract_rest.c"
#include "store_contract_steps.c"

#include "vdo/base/fs.h"

static char contract_dir[64];

void contract_make(char *url, size_t size)
{
    (void)strcpy(contract_dir, "/tmp/vdo-store-XXXXXX");
    if (!mkdtemp(contract_dir))
        abort();
    (void)snprintf(url, size, "sqlite:%s/vdo.db", contract_dir);
}

void contract_remove(void)
{
    (void)fs_remove_tree(contract_dir, NULL);
}

int main(void)
{
    int failed = 0;

    failed += cmocka_run_group_tests(delivery_tests, NULL, NULL);
    failed += cmocka_run_group_tests(job_tests, NULL, NULL);
    failed += cmocka_run_group_tests(step_tests, NULL, NULL);
    failed += cmocka_run_group_tests(outbox_tests, NULL, NULL);
    failed += cmocka_run_group_tests(money_tests, NULL, NULL);
    failed += cmocka_run_group_tests(rest_tests, NULL, NULL);
    return failed != 0;
}
