/** The stream of events for programs: one reading of the database for all who listen, and no thread for each of them. */
@NullMarked
package org.registrybbm.app.internal.stream;

import org.jspecify.annotations.NullMarked;
