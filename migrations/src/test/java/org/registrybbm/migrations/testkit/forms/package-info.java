/** The short forms of tests, which each build takes, and the long ones of {@code -Dbbm.matrix=long}. */
@NullMarked
package org.registrybbm.migrations.testkit.forms;

import org.jspecify.annotations.NullMarked;
