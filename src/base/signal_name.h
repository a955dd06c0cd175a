/* Names of signals: their numbers differ from system to system. */
#ifndef BASE_SIGNAL_NAME_H
#define BASE_SIGNAL_NAME_H

/* "SIGSEGV"; NULL for one that has no name here. */
const char *signal_name(int number);

#endif
