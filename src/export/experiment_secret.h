/*
 * What commands and environments were given in secret. For export/analysis*.c and archive*.c only.
 */
#ifndef EXPORT_EXPERIMENT_SECRET_H
#define EXPORT_EXPERIMENT_SECRET_H

#include "base/err.h"
#include "store/store.h"
#include "triage/redact.h"

#include <stdbool.h>
#include <stddef.h>

/* Where in a command's word the secret begins: behind "--password=", or at 0 when before, the word
 * in front of it (NULL: none), is "--password". The length of word when it has none. */
size_t experiment_secret(const char *before, const char *word);
/* Whether a variable's value goes as a whole: no documentation names it, or its name sounds secret.
 */
bool experiment_secret_variable(const char *name, const char *value);

/* Those of every experiment go wherever they stand, but for words that everybody uses. Before
 * anything is redacted. Errors: the store's, -ENOMEM. */
int experiment_secrets_learn(struct store *store, struct redactor *redactor, struct err *err);

#endif
