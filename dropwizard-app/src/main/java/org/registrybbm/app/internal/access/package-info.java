/** Who may ask the admin port for changes. What is asked for lives elsewhere. */
@NullMarked
package org.registrybbm.app.internal.access;

import org.jspecify.annotations.NullMarked;
