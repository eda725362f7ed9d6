/** The commands of {@code registry} and how they speak: answers on stdout, everything else on stderr, exit codes 0, 1 and 2. */
@NullMarked
package org.registrybbm.app.internal.cli;

import org.jspecify.annotations.NullMarked;
