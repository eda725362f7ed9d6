/** Runs a PostgreSQL if no database is configured. It is unpacked from the jar, and its data stay in a directory. */
@NullMarked
package org.registrybbm.app.internal.embedded;

import org.jspecify.annotations.NullMarked;
