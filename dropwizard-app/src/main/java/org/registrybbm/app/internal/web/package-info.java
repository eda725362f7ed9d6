/** How the page and the API are put into a servlet. */
@NullMarked
package org.registrybbm.app.internal.web;

import org.jspecify.annotations.NullMarked;
