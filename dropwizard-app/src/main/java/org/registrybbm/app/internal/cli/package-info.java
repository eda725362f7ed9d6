/**
 * Holds the commands of {@code registry}. They print answers on stdout and everything else on stderr, and exit with 0 (success), 1
 * (failure) or 2 (wrong usage).
 */
@NullMarked
package org.registrybbm.app.internal.cli;

import org.jspecify.annotations.NullMarked;
