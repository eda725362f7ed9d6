/** The PostgreSQL that runs where no database is configured: unpacked from the jar, its data in a directory that stays. */
@NullMarked
package org.registrybbm.app.internal.embedded;

import org.jspecify.annotations.NullMarked;
