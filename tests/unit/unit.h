/* What every Check suite shares: one main() per suite, run without fork so that the sanitizers
   see the whole of it. */
#pragma once

#include <check.h>
#include <stdlib.h>

#define UNIT_MAIN(suite_name, add_tests)                     \
        int main(void) {                                     \
                Suite *suite = suite_create(suite_name);     \
                TCase *tcase = tcase_create(suite_name);     \
                add_tests(tcase);                            \
                suite_add_tcase(suite, tcase);               \
                SRunner *runner = srunner_create(suite);     \
                srunner_set_fork_status(runner, CK_NOFORK);  \
                srunner_run_all(runner, CK_ENV);             \
                int failed = srunner_ntests_failed(runner);  \
                srunner_free(runner);                        \
                return failed ? EXIT_FAILURE : EXIT_SUCCESS; \
        }
