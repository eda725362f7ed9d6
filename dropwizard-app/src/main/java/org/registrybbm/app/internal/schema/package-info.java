/** What keeps the schema from being changed, for people. */
@NullMarked
package org.registrybbm.app.internal.schema;

import org.jspecify.annotations.NullMarked;
