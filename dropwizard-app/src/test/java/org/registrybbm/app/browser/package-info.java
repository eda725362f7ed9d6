/** A real browser that tests drive. */
@NullMarked
package org.registrybbm.app.browser;

import org.jspecify.annotations.NullMarked;
